"""People and teams as django-scim2 wants them: its mixins on Django's own models."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Team(AbstractSCIMGroupMixin):
    name = models.CharField(max_length=80)


class Person(AbstractSCIMUserMixin, AbstractUser):
    teams = models.ManyToManyField(Team, related_name="user_set")

    @property
    def scim_groups(self):
        return self.teams
