"""The search box: its language, the lines that it finds, and what is counted of them."""
