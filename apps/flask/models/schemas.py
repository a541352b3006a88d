"""What goes over the wire, in and out: the schema of every answer that has one."""

from marshmallow import Schema, fields, validate


class ModelKeySchema(Schema):
    """Which model is meant."""

    # Taken as text: the frameworks' parsers of whole numbers disagree over "1.0", "1_0", "+1" and other digits.
    model_id = fields.String(required=True, validate=validate.Regexp(r"[1-9][0-9]{0,17}\Z"))


class TeamSchema(Schema):
    """Who an owner works with."""

    name = fields.String()
    city = fields.String()


class OwnerSchema(Schema):
    """Who answers for a model."""

    id = fields.Integer()
    name = fields.String()
    team = fields.Nested(TeamSchema)


class MetricSchema(Schema):
    """One measured quality of a release."""

    name = fields.String()
    value = fields.Float()
    higher_is_better = fields.Boolean()


class ReleaseSchema(Schema):
    """A published version of a model."""

    version = fields.String()
    released = fields.Date()
    metrics = fields.List(fields.Nested(MetricSchema))


class ModelSchema(Schema):
    """A machine-learning model."""

    id = fields.Integer()
    name = fields.String()
    task = fields.String()
    parameters = fields.Integer()
    public = fields.Boolean()
    tags = fields.List(fields.String())
    owner = fields.Nested(OwnerSchema)
    releases = fields.List(fields.Nested(ReleaseSchema))


model_key_schema = ModelKeySchema()
model_schema = ModelSchema()
