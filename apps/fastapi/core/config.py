"""What the service says of itself in its OpenAPI document."""

TITLE = "Model catalogue"
DESCRIPTION = "Machine-learning models, who owns them and how good their releases are."
VERSION = "1.0.0"
CONTACT = {"name": "The Rematch authors"}
LICENCE = {"name": "MIT", "identifier": "MIT"}
