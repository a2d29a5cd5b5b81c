import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.execute("SELECT pg_sleep(4)")
    op.add_column("alembic_item", sa.Column("note", sa.Text))


def downgrade():
    op.drop_column("alembic_item", "note")
