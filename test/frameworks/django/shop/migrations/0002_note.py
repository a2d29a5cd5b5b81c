from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_item")]
    operations = [
        migrations.RunSQL("SELECT pg_sleep(4)", migrations.RunSQL.noop),
        migrations.RunSQL(
            "ALTER TABLE django_item ADD COLUMN note text",
            "ALTER TABLE django_item DROP COLUMN note",
            state_operations=[migrations.AddField("item", "note", models.TextField(null=True))],
        ),
    ]
