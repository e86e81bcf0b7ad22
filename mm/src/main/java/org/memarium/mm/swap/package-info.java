/** Swap: pages of programs that are on a device for want of RAM. */
@NullMarked
package org.memarium.mm.swap;

import org.jspecify.annotations.NullMarked;
