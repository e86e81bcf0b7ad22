package org.memarium.kernel.vfs;

import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * What descriptors 0, 1 and 2 of the first program are bound to.
 *
 * @param in standard input; null: at its end at once
 * @param out standard output; null: nowhere
 * @param err standard error; null: nowhere
 * @param inIsTerminal whether standard input is a terminal
 * @param outIsTerminal whether standard output is a terminal
 * @param errIsTerminal whether standard error is a terminal
 * @param rows lines of the terminal
 * @param columns characters in a line of the terminal
 */
public record StandardStreams(
    @Nullable ReadableByteChannel in,
    @Nullable WritableByteChannel out,
    @Nullable WritableByteChannel err,
    boolean inIsTerminal,
    boolean outIsTerminal,
    boolean errIsTerminal,
    int rows,
    int columns) {}
