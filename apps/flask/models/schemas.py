"""What goes over the wire, in and out: the schema of every answer that has one."""

from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from models.catalogue import CATEGORIES

# Taken as text: the frameworks' parsers of whole numbers disagree over "1.0", "1_0", "+1" and other digits.
ID_TEXT = validate.Regexp(r"[1-9][0-9]{0,17}\Z")
PAGE_TEXT = validate.Regexp(r"[1-9][0-9]{0,3}\Z")
# Validators of e-mail disagree over display names, blanks and alphabets: beside its own, each app asks this.
EMAIL_TEXT = validate.Regexp(r"[!-;=?-~]{3,254}\Z")
CLIENT_TEXT = validate.Regexp(r"[a-z0-9-]{1,64}\Z")


class UtcTime(fields.Field):
    """A time in UTC, written with a Z as the others write it; marshmallow's own ends in +00:00."""

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return value and value.isoformat().replace("+00:00", "Z")


class StrictFloat(fields.Float):
    """A number that is one already: marshmallow's own takes "1.25" for one."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float | None:
        if isinstance(value, str):
            raise self.make_error("invalid")
        return super()._deserialize(value, *args, **kwargs)


class Utf8Length(validate.Validator):
    """Takes text of so many bytes as UTF-8: bcrypt counts those, not characters."""

    def __init__(self, shortest: int, longest: int) -> None:
        self.shortest, self.longest = shortest, longest

    def __call__(self, value: str) -> str:
        """Raise ValidationError, for half a surrogate pair too: JSON can hold one, UTF-8 cannot."""
        try:
            size_bytes = len(value.encode())
        except UnicodeEncodeError as error:
            raise ValidationError("Not text.") from error
        if not self.shortest <= size_bytes <= self.longest:
            raise ValidationError("Too short or too long.")
        return value


class ModelKeySchema(Schema):
    """Which model is meant."""

    model_id = fields.String(required=True, validate=ID_TEXT)


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


class ItemKeySchema(Schema):
    """Which item is meant."""

    item_id = fields.String(required=True, validate=ID_TEXT)


class ItemsQuerySchema(Schema):
    """Which page of items is meant."""

    category = fields.String(load_default=None, validate=validate.OneOf(CATEGORIES))
    page = fields.String(load_default="1", validate=PAGE_TEXT)


class ItemSchema(Schema):
    """An item of the shop."""

    id = fields.Integer()
    name = fields.String()
    category = fields.String()
    price_cents = fields.Integer()
    in_stock = fields.Boolean()
    description = fields.String()
    created_at = UtcTime()


class ItemPageSchema(Schema):
    """A page of items, and how many there are on all pages."""

    total = fields.Integer()
    page = fields.Integer()
    page_size = fields.Integer()
    items = fields.List(fields.Nested(ItemSchema))


class SizeSchema(Schema):
    """How much room a thing takes."""

    width_mm = fields.Integer()
    height_mm = fields.Integer()
    depth_mm = fields.Integer()


class EntrySchema(Schema):
    """An entry of the catalogue."""

    id = fields.Integer()
    name = fields.String()
    category = fields.String()
    price_cents = fields.Integer()
    in_stock = fields.Boolean()
    rating = fields.Float()
    tags = fields.List(fields.String())
    size = fields.Nested(SizeSchema)


class CatalogueSchema(Schema):
    """The whole catalogue."""

    items = fields.List(fields.Nested(EntrySchema))


class CredentialsSchema(Schema):
    """Who signs up or logs in."""

    email = fields.Email(required=True, validate=EMAIL_TEXT)
    password = fields.String(required=True, validate=Utf8Length(8, 72))


class UserSchema(Schema):
    """Who has signed up, as far as they are told."""

    id = fields.Integer()
    email = fields.String()
    last_login = UtcTime()


class TokenSchema(Schema):
    """What a log-in gives."""

    access_token = fields.String()
    token_type = fields.String()


class ClientSchema(Schema):
    """Which client asks."""

    key = fields.String(required=True, validate=CLIENT_TEXT)


class FigureSchema(Schema):
    """What a category comes to."""

    category = fields.String()
    items = fields.Integer()
    mean_price_cents = fields.Integer()


class FiguresSchema(Schema):
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
