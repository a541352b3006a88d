"""Items of the shop, from the database."""

from core.documents import PAGE_PARAMETERS, answers, path_parameter
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.serializers import ItemKeySerializer, ItemPageKeySerializer, ItemPageSerializer, ItemSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.items import PAGE_SIZE, find_item, find_items


@extend_schema(parameters=PAGE_PARAMETERS, responses=answers(ItemPageSerializer, 422, 503))
@api_view(["GET"])
def read_items(request: Request) -> Response:
    """Answer a page of items with their total."""
    key = ItemPageKeySerializer(data=request.query_params.dict())  # as it is, an empty parameter would count as absent
    key.is_valid(raise_exception=True)
    category, page = key.validated_data["category"], int(key.validated_data["page"])
    total, items = find_items(category, page)
    return Response(ItemPageSerializer({"total": total, "page": page, "page_size": PAGE_SIZE, "items": items}).data)


@extend_schema(parameters=[path_parameter("item_id")], responses=answers(ItemSerializer, 404, 422, 503))
@api_view(["GET"])
def read_item(_: Request, item_id: str) -> Response:
    """Answer one item by its id."""
    key = ItemKeySerializer(data={"item_id": item_id})
    key.is_valid(raise_exception=True)
    return Response(ItemSerializer(find_item(int(key.validated_data["item_id"]))).data)


urlpatterns = [path("items", read_items), path("items/<str:item_id>", read_item)]
