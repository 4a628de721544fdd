"""The sample project: will this user click on this item, shown at this place?"""
