// One number stands for how packages are unpacked, so that neither records nor layers of another way are taken for this one's.

/** Raise it whenever an equal .deb would give other entries, or its contents in another form; it is part of input keys. */
export const DEB_FORMAT = 1;
