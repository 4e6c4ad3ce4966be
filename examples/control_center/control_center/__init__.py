"""Resources that depend on one another, over HTTP: the application to read and copy when a service shall be observed.

From outside in: `main`, `api`, `service`, `validation` and `graph`, `repository`, `models`.
"""
