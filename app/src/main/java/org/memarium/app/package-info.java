/** The doors: the {@code memarium} command and what it prints. */
@NullMarked
package org.memarium.app;

import org.jspecify.annotations.NullMarked;
