/** Part of Memarium. */
@NullMarked
package org.memarium.app;

import org.jspecify.annotations.NullMarked;
