"""Where django-scim2 is mounted."""

from django.urls import include, path

urlpatterns = [path("auth/scim/", include("django_scim.urls", namespace="scim"))]
