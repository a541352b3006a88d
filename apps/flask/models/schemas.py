"""What goes over the wire, in and out: what is read and written by it, and what the OpenAPI document says."""

import re
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from models.catalogue import CATEGORIES


class Pattern(validate.Regexp):
    """Takes text that is like its pattern from end to end: to marshmallow's own, `$` stands before a line end too."""

    def __call__(self, value: str) -> str:
        """Raise ValidationError for any other text."""
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class Utf8Length(validate.Length):
    """Takes text of so many bytes as UTF-8: bcrypt counts those, not characters."""

    def __call__(self, value: str) -> str:
        """Raise ValidationError, for half a surrogate pair too: JSON can hold one, UTF-8 cannot."""
        try:
            super().__call__(value.encode())
        except UnicodeEncodeError as error:
            raise ValidationError("Not text.") from error
        return value


# Taken as text: the frameworks' parsers of whole numbers disagree over "1.0", "1_0", "+1" and other digits.
ID_TEXT = Pattern(r"^[1-9][0-9]{0,17}$")
PAGE_TEXT = Pattern(r"^[1-9][0-9]{0,3}$")
CLIENT_TEXT = Pattern(r"^[a-z0-9-]{1,64}$")
WHOLE_NUMBER = {"description": "A whole number from 1, in plain digits."}
PLAIN_EMAIL = re.compile(r"[!-;=?-~]*")


def check_email(email: str) -> None:
    """Refuse display names, blanks and other alphabets, over which the frameworks' validators of e-mail disagree."""
    if PLAIN_EMAIL.fullmatch(email) is None:
        raise ValidationError("Not plain.")


class UtcTime(fields.DateTime):
    """A time in UTC, written with a Z as the others write it; marshmallow's own ends in +00:00."""

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return value and value.isoformat().replace("+00:00", "Z")


class StrictFloat(fields.Float):
    """A number that is one already: marshmallow's own takes "1.25" for one."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float | None:
        if isinstance(value, str):
            raise self.make_error("invalid")
        return super()._deserialize(value, *args, **kwargs)


class AnswerSchema(Schema):
    """What all answers have in common: no field is ever missing."""

    class Meta:
        """What marshmallow asks for."""

        unknown = EXCLUDE  # whoever reads an answer is to put up with more

    def on_bind_field(self, field_name: str, field_obj: fields.Field) -> None:  # noqa: ARG002  # marshmallow's names
        """Promise a field: this says so in the OpenAPI document, and changes nothing of what is answered."""
        field_obj.required = True


class ModelKeySchema(Schema):
    """Which model is meant."""

    model_id = fields.String(required=True, validate=ID_TEXT, metadata=WHOLE_NUMBER)


class TeamSchema(AnswerSchema):
    """Who an owner works with."""

    name = fields.String()
    city = fields.String()


class OwnerSchema(AnswerSchema):
    """Who answers for a model."""

    id = fields.Integer()
    name = fields.String()
    team = fields.Nested(TeamSchema)


class MetricSchema(AnswerSchema):
    """One measured quality of a release."""

    name = fields.String()
    value = fields.Float()
    higher_is_better = fields.Boolean()


class ReleaseSchema(AnswerSchema):
    """A published version of a model."""

    version = fields.String()
    released = fields.Date()
    metrics = fields.List(fields.Nested(MetricSchema))


class ModelSchema(AnswerSchema):
    """A machine-learning model."""

    id = fields.Integer()
    name = fields.String()
    task = fields.String()
    parameters = fields.Integer()
    public = fields.Boolean()
    tags = fields.List(fields.String())
    owner = fields.Nested(OwnerSchema)
    releases = fields.List(fields.Nested(ReleaseSchema))


class ItemKeySchema(Schema):
    """Which item is meant."""

    item_id = fields.String(required=True, validate=ID_TEXT, metadata=WHOLE_NUMBER)


class ItemsQuerySchema(Schema):
    """Which page of items is meant."""

    category = fields.String(validate=validate.OneOf(CATEGORIES))
    page = fields.String(load_default="1", validate=PAGE_TEXT, metadata=WHOLE_NUMBER)


class ItemSchema(AnswerSchema):
    """An item of the shop."""

    id = fields.Integer()
    name = fields.String()
    category = fields.String()
    price_cents = fields.Integer()
    in_stock = fields.Boolean()
    description = fields.String()
    created_at = UtcTime()


class ItemPageSchema(AnswerSchema):
    """A page of items, and how many there are on all pages."""

    total = fields.Integer()
    page = fields.Integer()
    page_size = fields.Integer()
    items = fields.List(fields.Nested(ItemSchema))


class SizeSchema(AnswerSchema):
    """How much room a thing takes."""

    width_mm = fields.Integer()
    height_mm = fields.Integer()
    depth_mm = fields.Integer()


class EntrySchema(AnswerSchema):
    """An entry of the catalogue."""

    id = fields.Integer()
    name = fields.String()
    category = fields.String()
    price_cents = fields.Integer()
    in_stock = fields.Boolean()
    rating = fields.Float()
    tags = fields.List(fields.String())
    size = fields.Nested(SizeSchema)


class CatalogueSchema(AnswerSchema):
    """The whole catalogue."""

    items = fields.List(fields.Nested(EntrySchema))


class CredentialsSchema(Schema):
    """Who signs up or logs in."""

    email = fields.Email(required=True, validate=[validate.Length(3, 254), check_email])
    password = fields.String(
        required=True,
        validate=Utf8Length(8, 72),
        metadata={"minLength": 2, "description": "8 to 72 bytes of UTF-8, of which a letter takes 1 to 4."},
    )


class UserSchema(AnswerSchema):
    """Who has signed up, as far as they are told."""

    id = fields.Integer()
    email = fields.String()
    last_login = UtcTime(allow_none=True)


class TokenSchema(AnswerSchema):
    """What a log-in gives."""

    access_token = fields.String()
    token_type = fields.String()


class ClientSchema(Schema):
    """Which client asks."""

    key = fields.String(required=True, data_key="X-Api-Key", validate=CLIENT_TEXT)


class FigureSchema(AnswerSchema):
    """What a category comes to."""

    category = fields.String()
    items = fields.Integer()
    mean_price_cents = fields.Integer()


class FiguresSchema(AnswerSchema):
    """What each category comes to."""

    categories = fields.List(fields.Nested(FigureSchema))


class RateSchema(Schema):
    """What the other service says."""

    rate = StrictFloat(required=True)


model_key_schema = ModelKeySchema()
model_schema = ModelSchema()
item_key_schema = ItemKeySchema()
items_query_schema = ItemsQuerySchema(unknown=EXCLUDE)
item_schema = ItemSchema()
item_page_schema = ItemPageSchema()
catalogue_schema = CatalogueSchema()
credentials_schema = CredentialsSchema(unknown=EXCLUDE)
user_schema = UserSchema()
token_schema = TokenSchema()
client_schema = ClientSchema()
figures_schema = FiguresSchema()
rate_schema = RateSchema(unknown=EXCLUDE)
