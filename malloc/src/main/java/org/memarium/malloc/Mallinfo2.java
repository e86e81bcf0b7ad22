package org.memarium.malloc;

/**
 * {@code struct mallinfo2}: glibc's figures of a heap, all in bytes or numbers of blocks
 * (mallinfo(3)).
 *
 * @param arena bytes that the heap has from the kernel, without {@code hblkhd}
 * @param ordblks number of ordinary free blocks
 * @param smblks number of free blocks in fast bins or caches
 * @param hblks number of blocks that are mappings of their own
 * @param hblkhd bytes in those mappings
 * @param usmblks always 0
 * @param fsmblks bytes in the blocks of {@code smblks}
 * @param uordblks bytes in use, headers included
 * @param fordblks bytes that are free, those of {@code fsmblks} included
 * @param keepcost bytes at the end of the heap that could be given back
 */
public record Mallinfo2(
    long arena,
    long ordblks,
    long smblks,
    long hblks,
    long hblkhd,
    long usmblks,
    long fsmblks,
    long uordblks,
    long fordblks,
    long keepcost) {}
