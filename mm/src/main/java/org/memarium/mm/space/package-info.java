/** A process's address space: areas, limits, layout, and the calls that change them. */
@NullMarked
package org.memarium.mm.space;

import org.jspecify.annotations.NullMarked;
