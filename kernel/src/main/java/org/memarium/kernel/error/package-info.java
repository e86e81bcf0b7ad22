/**
 * What the user of a machine did wrong: exceptions whose message is one line, fit to be printed.
 */
@NullMarked
package org.memarium.kernel.error;

import org.jspecify.annotations.NullMarked;
