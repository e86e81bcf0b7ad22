/** Part of Memarium. */
@NullMarked
package org.memarium.mm;

import org.jspecify.annotations.NullMarked;
