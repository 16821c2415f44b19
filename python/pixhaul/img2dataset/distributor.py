"""img2dataset's way of handing shards to a Downloader, for programs that put its parts together themselves."""


def retrier(runf, failed_shards, max_shard_retry):
    """Runs failed shards again, at most so many times."""
    for i in range(max_shard_retry):
        if not failed_shards:
            break
        print(f"Retrying {len(failed_shards)} shards, try {i + 1}")
        failed_shards = runf(failed_shards)
    if failed_shards:
        print(f"Retried {max_shard_retry} times, but {len(failed_shards)} shards still failed. "
              "You may restart the same command to retry again.")


def multiprocessing_distributor(processes_count, downloader, reader, _subjob_size, max_shard_retry):
    """One shard after the other: each is downloaded by all the engine's threads."""
    del processes_count

    def run(shards):
        return [shard for done, shard in map(downloader, shards) if not done]

    retrier(run, run(reader), max_shard_retry)
