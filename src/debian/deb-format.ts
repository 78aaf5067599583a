export const DEB_FORMAT = 1;
