"""What goes out, or comes in, without a serializer: described by one all the same, for the OpenAPI document alone."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

STEP = {"oneOf": [{"type": "string"}, {"type": "integer"}]}


class FaultSerializer(serializers.Serializer):
    """What went wrong."""

    code = serializers.CharField()
    message = serializers.CharField()


class ErrorSerializer(serializers.Serializer):
    """Every error."""

    error = FaultSerializer()


class StatusSerializer(serializers.Serializer):
    """How something stands, in a word."""

    status = serializers.CharField()


class GreetingSerializer(serializers.Serializer):
    """A greeting."""

    message = serializers.CharField()


class ChainSerializer(serializers.Serializer):
    """A greeting, and how many links it took."""

    message = serializers.CharField()
    depth = serializers.IntegerField()


class SleepSerializer(serializers.Serializer):
    """How long the database slept."""

    slept_ms = serializers.IntegerField()


class QuerySerializer(serializers.Serializer):
    """A query of the graph."""

    query = serializers.CharField()
    variables = serializers.DictField(required=False, allow_null=True)
    operationName = serializers.CharField(required=False, allow_null=True)  # noqa: N815  # GraphQL names it


class LocationSerializer(serializers.Serializer):
    """Where in a query something is wrong."""

    line = serializers.IntegerField()
    column = serializers.IntegerField()


@extend_schema_field(STEP)
class StepField(serializers.Field):
    """The name of a field in an answer, or a place in its list."""


class QueryErrorSerializer(serializers.Serializer):
    """What is wrong with a query."""

    message = serializers.CharField()
    locations = LocationSerializer(many=True, required=False)
    path = serializers.ListField(child=StepField(), required=False)
    extensions = serializers.DictField(required=False)


class QueryAnswerSerializer(serializers.Serializer):
    """What was asked of the graph, as far as it is there."""

    data = serializers.DictField(allow_null=True)
    errors = QueryErrorSerializer(many=True, required=False)
