/** The same calls on the host's kernel and here: what differs, and the shortest way to it. */
@NullMarked
package org.memarium.oracle;

import org.jspecify.annotations.NullMarked;
