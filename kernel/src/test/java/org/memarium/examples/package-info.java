/**
 * The examples of the documentation: each region is shown by a {@code @snippet} tag, and each
 * method is a test, so that no example rots. Only what is public is used.
 */
@NullMarked
package org.memarium.examples;

import org.jspecify.annotations.NullMarked;
