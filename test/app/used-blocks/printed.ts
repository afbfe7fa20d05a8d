// What the programs of file systems print, shortened, for tests and for the seeds of the fuzzer.
export const EXT = `Filesystem features:      has_journal extent
Filesystem state:         clean
Block count:              1000
Free blocks:              113
Block size:               4096
Group descriptor size:    64

Group 0: (Blocks 0-499)
  111 free blocks, 20 free inodes, 1 directories
  Free blocks: 10-19, 30, 400-499
Group 1: (Blocks 500-999)
  2 free blocks, 30 free inodes, 0 directories
  Free blocks: 998-999`;

export const XFS_SUPER = `blocksize = 4096
dblocks = 150
rblocks = 0
logstart = 64
agblocks = 100
agcount = 2
inprogress = 0
fdblocks = 43`;

export const XFS_FREE = `    agno    agbno      len
       0       10       20
       0       50       5
       1        0       15
   from      to extents  blocks    pct
      4       7       1       5  12.50
seqno = 0
freeblks = 21
flcount = 4
btreeblks = 2
seqno = 1
freeblks = 15
flcount = 0
btreeblks = 1`;

export const BTRFS_SUPER = `bytes_used\t\t36864
nodesize\t\t16384
num_devices\t\t1
total_bytes\t\t104857600
dev_item.total_bytes\t104857600
log_root\t\t0
compat_ro_flags\t\t0x3
incompat_flags\t\t0x361`;

export const BTRFS_CHUNKS = `\titem 0 key (DEV_ITEMS DEV_ITEM 1) itemoff 16185 itemsize 98
\titem 1 key (FIRST_CHUNK_TREE CHUNK_ITEM 10000000) itemoff 16105 itemsize 80
\t\tlength 1000000 owner 2 stripe_len 65536 type DATA|single
\t\tnum_stripes 1 sub_stripes 1
\t\t\tstripe 0 devid 1 offset 20000000
\titem 2 key (FIRST_CHUNK_TREE CHUNK_ITEM 11000000) itemoff 16105 itemsize 80
\t\tlength 1000000 owner 2 stripe_len 65536 type METADATA|DUP
\t\tnum_stripes 2 sub_stripes 1
\t\t\tstripe 0 devid 1 offset 30000000
\t\t\tstripe 1 devid 1 offset 40000000`;

export const BTRFS_EXTENTS = `\titem 0 key (10004096 EXTENT_ITEM 4096) itemoff 16259 itemsize 24
\titem 1 key (11000000 METADATA_ITEM 0) itemoff 16169 itemsize 33
\titem 2 key (11016384 METADATA_ITEM 1) itemoff 16169 itemsize 33`;
