"""The built-in checks, in folders by layer of the mount path: one check a file, under its id."""
