/** Part of Memarium. */
@NullMarked
package org.memarium.kernel;

import org.jspecify.annotations.NullMarked;
