/** Part of Memarium. */
@NullMarked
package org.memarium.bench;

import org.jspecify.annotations.NullMarked;
