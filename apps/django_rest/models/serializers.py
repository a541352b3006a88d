"""What goes over the wire, in and out: the serializer of every answer that has one."""

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from models.catalogue import CATEGORIES

PASSWORD_BYTES = range(8, 73)  # bcrypt knows no more than 72
# They disagree over names beside an address, blanks around it and other alphabets.
ADDRESS = re.compile("[!-;=?-~]{3,254}")
EMAIL = {"type": "string", "format": "email", "minLength": 3, "maxLength": 254}
PASSWORD = {
    "type": "string",
    "minLength": 2,
    "maxLength": 72,
    "description": "8 to 72 bytes of UTF-8, of which a letter takes 1 to 4.",
}

# Taken as text: the frameworks' parsers of whole numbers disagree over "1.0", "1_0", "+1" and other digits.
ID = "[1-9][0-9]{0,17}"
PAGE = "[1-9][0-9]{0,3}"
API_KEY = "[a-z0-9-]{1,64}"


@extend_schema_field(EMAIL)
class AddressField(serializers.EmailField):
    """An e-mail address of such letters that the validators of the frameworks agree over it."""

    def to_internal_value(self, data: Any) -> str:
        """Take a text of those letters; whether it is an address is then seen by EmailField's validator."""
        address = super().to_internal_value(data)
        if not ADDRESS.fullmatch(address):
            self.fail("invalid")
        return address


@extend_schema_field(PASSWORD)
class PasswordField(serializers.Field):
    """A password as it came. A CharField would make text of a number, cut blanks off, and refuse what bcrypt takes."""

    default_error_messages = {"invalid": "A password is a text of 8 to 72 bytes."}  # noqa: RUF012  # as Field has it

    def to_internal_value(self, data: Any) -> str:
        """Take a password that bcrypt can hash whole."""
        try:
            fits = len(data.encode()) in PASSWORD_BYTES
        except (AttributeError, UnicodeEncodeError):  # no text; half of a surrogate pair
            fits = False
        if not fits:
            self.fail("invalid")
        return data


class NumberField(serializers.FloatField):
    """A number, and no text that looks like one."""

    def to_internal_value(self, data: Any) -> float:
        """Take a number that came as one."""
        if type(data) not in (int, float):
            self.fail("invalid")
        return super().to_internal_value(data)


class ModelKeySerializer(serializers.Serializer):
    """Which model is meant."""

    model_id = serializers.RegexField(rf"^{ID}\Z", trim_whitespace=False)


class ItemKeySerializer(serializers.Serializer):
    """Which item is meant."""

    item_id = serializers.RegexField(rf"^{ID}\Z", trim_whitespace=False)


class ItemPageKeySerializer(serializers.Serializer):
    """Which page of the items is meant."""

    category = serializers.ChoiceField(CATEGORIES, default=None)
    page = serializers.RegexField(rf"^{PAGE}\Z", trim_whitespace=False, default="1")


class ApiKeySerializer(serializers.Serializer):
    """Which client is calling."""

    key = serializers.RegexField(rf"^{API_KEY}\Z", trim_whitespace=False)


class CredentialsSerializer(serializers.Serializer):
    """Who somebody is, or wants to be."""

    email = AddressField(trim_whitespace=False)
    password = PasswordField()


class RateSerializer(serializers.Serializer):
    """What the other service says."""

    rate = NumberField()


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


class ItemSerializer(serializers.Serializer):
    """Something to buy."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    category = serializers.CharField()
    price_cents = serializers.IntegerField()
    in_stock = serializers.BooleanField()
    description = serializers.CharField()
    created_at = serializers.DateTimeField()


class ItemPageSerializer(serializers.Serializer):
    """Some of the items, and how many there are."""

    total = serializers.IntegerField()
    page = serializers.IntegerField()
    page_size = serializers.IntegerField()
    items = ItemSerializer(many=True)


class SizeSerializer(serializers.Serializer):
    """How much room something takes."""

    width_mm = serializers.IntegerField()
    height_mm = serializers.IntegerField()
    depth_mm = serializers.IntegerField()


class EntrySerializer(serializers.Serializer):
    """Something to buy, as the catalogue has it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    category = serializers.CharField()
    price_cents = serializers.IntegerField()
    in_stock = serializers.BooleanField()
    rating = serializers.FloatField()
    tags = serializers.ListField(child=serializers.CharField())
    size = SizeSerializer()


class CatalogueSerializer(serializers.Serializer):
    """The whole catalogue."""

    items = EntrySerializer(many=True)


class UserSerializer(serializers.Serializer):
    """Who is logged in."""

    id = serializers.IntegerField()
    email = serializers.CharField()
    last_login = serializers.DateTimeField(allow_null=True)


class TokenSerializer(serializers.Serializer):
    """What to send along from now on."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()


class FiguresSerializer(serializers.Serializer):
    """What there is of a category."""

    category = serializers.CharField()
    items = serializers.IntegerField()
    mean_price_cents = serializers.IntegerField()


class TopSerializer(serializers.Serializer):
    """Figures of all categories."""

    categories = FiguresSerializer(many=True)


class SumSerializer(serializers.Serializer):
    """What a big body came to."""

    size_bytes = serializers.IntegerField()
    crc32 = serializers.IntegerField()
