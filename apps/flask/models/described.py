"""What goes over the wire past any schema: described here for the OpenAPI document, and used for nothing else."""

from marshmallow import EXCLUDE, Schema, fields

from models.schemas import AnswerSchema


class GreetingSchema(AnswerSchema):
    """What is said to the world."""

    message = fields.String()


class ChainSchema(AnswerSchema):
    """A greeting, and how many dependencies it took."""

    message = fields.String()
    depth = fields.Integer()


class StatusSchema(AnswerSchema):
    """How something is, or what becomes of it."""

    status = fields.String()


class SleepSchema(AnswerSchema):
    """How long the database slept."""

    slept_ms = fields.Integer()


class UploadSchema(AnswerSchema):
    """What a big body came to."""

    size_bytes = fields.Integer()
    crc32 = fields.Integer()


class QuerySchema(Schema):
    """A query of the graph."""

    query = fields.String(required=True)
    variables = fields.Dict(allow_none=True)
    operation_name = fields.String(data_key="operationName", allow_none=True)


class LocationSchema(AnswerSchema):
    """Where in a query something is wrong."""

    line = fields.Integer()
    column = fields.Integer()


class QueryErrorSchema(Schema):
    """What is wrong with a query."""

    class Meta:
        """What marshmallow asks for."""

        unknown = EXCLUDE

    message = fields.String(required=True)
    locations = fields.List(fields.Nested(LocationSchema))
    path = fields.List(fields.Raw(metadata={"anyOf": [{"type": "string"}, {"type": "integer"}]}))
    extensions = fields.Dict()


class ResultSchema(Schema):
    """What a query found."""

    class Meta:
        """What marshmallow asks for."""

        unknown = EXCLUDE

    data = fields.Dict(required=True, allow_none=True)
    errors = fields.List(fields.Nested(QueryErrorSchema))


class ErrorDetailSchema(AnswerSchema):
    """What went wrong: a code for programs, a sentence for people."""

    code = fields.String()
    message = fields.String()


class ErrorSchema(AnswerSchema):
    """The one shape of every error."""

    error = fields.Nested(ErrorDetailSchema)


greeting_schema = GreetingSchema()
chain_schema = ChainSchema()
status_schema = StatusSchema()
sleep_schema = SleepSchema()
upload_schema = UploadSchema()
query_schema = QuerySchema(unknown=EXCLUDE)
result_schema = ResultSchema()
error_schema = ErrorSchema()
