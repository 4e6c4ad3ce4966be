"""SHOW, DESCRIBE and `information_schema`, answered from the catalogue: nothing of the server's own is shown."""

from andiron.server.query import catalog
from andiron.server.query.problems import refused
from andiron.server.store.quoting import literal


def catalogue(words: str) -> str | None:
    """`SHOW TABLES`, `DESCRIBE records`, `SHOW COLUMNS FROM records` as the query that answers it."""
    match words.replace('"', "").replace("`", "").split():
        case [show, what] if (show.upper(), what.upper()) == ("SHOW", "TABLES"):
            text = "SELECT table_name AS name, description FROM information_schema.tables"
        case [verb, name] if verb.upper() in {"DESCRIBE", "DESC"}:
            text = describing(name)
        case [verb, _, name] if verb.upper() in {"DESCRIBE", "DESC"}:
            text = describing(name)
        case [show, what, _, name] if (show.upper(), what.upper()) == ("SHOW", "COLUMNS"):
            text = describing(name)
        case _:
            return None
    return text


def describing(name: str) -> str:
    """The query for the columns of a table."""
    if name not in catalog.tables():
        raise refused(f"There is no table {name}. SHOW TABLES lists them.", name)
    return (
        "SELECT column_name, data_type, is_nullable, description FROM information_schema.columns "
        f"WHERE table_name = '{name}' ORDER BY ordinal_position"
    )


def schema_rows(name: str) -> str:
    """What `information_schema` has, as rows."""
    if name == "information_schema.tables":
        rows = [f"('public', {literal(table)}, 'VIEW', {literal(text)})" for table, text in catalog.tables().items()]
        kinds = "table_schema String, table_name String, table_type String, description String"
        return f"SELECT * FROM values('{kinds}', {', '.join(rows)})"
    rows = [
        f"('public', {literal(table)}, {literal(column.name)}, {at}, {literal(column.type)}, '{'YES' if column.nullable else 'NO'}', "
        f"{literal(column.description)})"
        for table in catalog.DESCRIPTIONS
        for at, column in enumerate(catalog.columns(table), 1)
    ]
    rows += [
        f"('public', {literal(table)}, {literal(column)}, {at}, '', 'NO', '')"
        for table in sorted(catalog.NATIVE)
        for at, column in enumerate(catalog.native_columns(table), 1)
    ]
    kinds = (
        "table_schema String, table_name String, column_name String, ordinal_position UInt32, data_type String, is_nullable String, "
        "description String"
    )
    return f"SELECT * FROM values('{kinds}', {', '.join(rows)})"
