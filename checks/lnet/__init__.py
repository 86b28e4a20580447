"""Something that speaks LNet answers there, under the NID that the client will ask for."""
