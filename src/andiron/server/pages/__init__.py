"""The pages: the built bundle, served, and what a browser needs to sign in to it. Their sources are in `web/app`."""
