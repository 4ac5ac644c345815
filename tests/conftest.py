"""The servers that tests run on; the fixtures are the chassis', so that others may use them too."""

pytest_plugins = ["clic_chassis.testing"]
