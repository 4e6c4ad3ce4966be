"""What Alembic runs for every migration. The connection comes from `Metadata`, with its lock and transaction."""

from alembic import context

from andiron.server.control.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite changes tables inside transactions like anything else; Alembic assumes the opposite unless told.
    transactional_ddl=True,
    # SQLite cannot alter most of a table in place, so it is copied.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
