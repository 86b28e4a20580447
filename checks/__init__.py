"""The built-in checks: one short file each, found through entry points like anybody else's."""
