"""A record from an application that has Logfire's own SDK."""

from pathlib import Path


def told(url: str, folder: Path, name: str) -> None:
    """Send a record as an application does, with Logfire's own SDK."""
    import logfire

    sdk = logfire.configure(
        local=True,
        send_to_logfire=True,
        token="any",
        service_name="bakery",
        console=False,
        inspect_arguments=False,
        data_dir=folder,
        config_dir=folder,
        advanced=logfire.AdvancedOptions(base_url=url),
    )
    sdk.info("hello {name}", name=name)
    sdk.shutdown()
