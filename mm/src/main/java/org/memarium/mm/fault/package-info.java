/** Page faults: giving a page at the last moment. */
@NullMarked
package org.memarium.mm.fault;

import org.jspecify.annotations.NullMarked;
