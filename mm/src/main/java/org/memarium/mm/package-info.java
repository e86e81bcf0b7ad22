/**
 * Linux's {@code mm/}: what all its rooms share.
 *
 * <p>{@link org.memarium.mm.Architecture} says what differs between machines, {@link
 * org.memarium.mm.Audit} recounts.
 */
@NullMarked
package org.memarium.mm;

import org.jspecify.annotations.NullMarked;
