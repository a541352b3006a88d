"""What goes over the wire, in and out: the serializer of every answer that has one."""

from rest_framework import serializers


class ModelKeySerializer(serializers.Serializer):
    """Which model is meant."""

    # Taken as text: the frameworks' parsers of whole numbers disagree over "1.0", "1_0", "+1" and other digits.
    model_id = serializers.RegexField(r"^[1-9][0-9]{0,17}\Z", trim_whitespace=False)


class TeamSerializer(serializers.Serializer):
    """Who an owner works with."""

    name = serializers.CharField()
    city = serializers.CharField()


class OwnerSerializer(serializers.Serializer):
    """Who answers for a model."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    team = TeamSerializer()


class MetricSerializer(serializers.Serializer):
    """One measured quality of a release."""

    name = serializers.CharField()
    value = serializers.FloatField()
    higher_is_better = serializers.BooleanField()


class ReleaseSerializer(serializers.Serializer):
    """A published version of a model."""

    version = serializers.CharField()
    released = serializers.DateField()
    metrics = MetricSerializer(many=True)


class ModelSerializer(serializers.Serializer):
    """A machine-learning model."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    task = serializers.CharField()
    parameters = serializers.IntegerField()
    public = serializers.BooleanField()
    tags = serializers.ListField(child=serializers.CharField())
    owner = OwnerSerializer()
    releases = ReleaseSerializer(many=True)
