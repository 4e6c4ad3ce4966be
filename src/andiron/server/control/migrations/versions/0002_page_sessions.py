"""Sessions of browsers that signed in to the pages."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_sessions",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("token_id", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", "token_id", name=op.f("pk_page_sessions")),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_page_sessions_token_id")),
    )


def downgrade() -> None:
    op.drop_table("page_sessions")
