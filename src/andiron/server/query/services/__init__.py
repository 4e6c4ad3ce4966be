"""Services: what each does, how it is doing, and who calls whom."""
