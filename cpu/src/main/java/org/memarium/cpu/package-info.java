/** Part of Memarium. */
@NullMarked
package org.memarium.cpu;

import org.jspecify.annotations.NullMarked;
