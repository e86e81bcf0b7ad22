/** The page cache: the pages of files, and what is behind them. */
@NullMarked
package org.memarium.mm.file;

import org.jspecify.annotations.NullMarked;
