package org.memarium.oracle;

/**
 * What the two sides do not agree on.
 *
 * @param kind two differences of one kind probably have one reason, such as {@code smaps Rss}
 * @param text what it is, in words
 * @param step how many steps had been done, this one included
 */
record Difference(String kind, String text, int step) {}
