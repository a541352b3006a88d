"""The tables of the shop. They are there already: nobody makes them here. Django's settings say where they are."""

from core.lifespan import closing
from django.conf import settings
from django.db import connections, models
from django.db.models.functions import Now


class Item(models.Model):
    """Something to buy."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField()
    category = models.TextField()
    price_cents = models.IntegerField()
    in_stock = models.BooleanField()
    description = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        """Where the items are."""

        db_table = "items"
        managed = False

    def __str__(self) -> str:
        return self.name


class User(models.Model):
    """Somebody who has signed up."""

    id = models.BigAutoField(primary_key=True)
    email = models.TextField(unique=True)
    password_hash = models.TextField()
    last_login = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    is_authenticated = True  # REST framework's permissions ask

    class Meta:
        """Where the users are."""

        db_table = "users"
        managed = False

    def __str__(self) -> str:
        return f"user {self.id}"


@closing.callback
def close_pool() -> None:
    """Close this process's one pool of connections. Django opens it with the first query, and never closes it."""
    if settings.DATABASE_URL:
        connections["default"].close_pool()
