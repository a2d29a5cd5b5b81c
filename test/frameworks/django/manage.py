"""A Django project in one file: as docs/migrations.md has it, an entry of its own for migrations."""
import os
import sys
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.core.management import execute_from_command_line


def entry(url):
    parts = urlsplit(url)
    user, password = parts.netloc.rsplit("@", 1)[0].split(":")
    addresses = [each.split(":") for each in parts.netloc.rsplit("@", 1)[1].split(",")]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": user,
        "PASSWORD": unquote(password),
        "HOST": ",".join(host for host, _ in addresses),
        "PORT": ",".join(port for _, port in addresses),
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {name: values[0] for name, values in parse_qs(parts.query).items()},
    }


settings.configure(
    DATABASES={"default": entry(os.environ["WRITE_URL"]), "migrate": entry(os.environ["MIGRATE_URL"])},
    INSTALLED_APPS=["shop"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)

if sys.argv[1] == "write":
    django.setup()
    from django.db import connection
    from shop.models import Item

    for n in range(int(sys.argv[2])):
        Item.objects.create(name=f"item {n}")
        connection.close()
        print(n, flush=True)
else:
    execute_from_command_line(sys.argv)
