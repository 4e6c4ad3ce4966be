"""How long each project keeps each signal, where that is not the server's setting."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention",
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("signal", sa.String(16), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "signal", name=op.f("pk_retention")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_retention_project_id")),
    )


def downgrade() -> None:
    op.drop_table("retention")
