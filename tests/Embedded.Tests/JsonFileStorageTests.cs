using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace Nexus.Embedded.Tests;

[GenerateSerializer]
public sealed class Policy
{
    [Id(0)]
    public long Epoch { get; set; }

    [Id(1)]
    public Dictionary<string, string> Rules { get; set; } = [];
}

public sealed class JsonFileStorageTests : IDisposable
{
    private static readonly GrainId s_room = GrainId.Create("room", "any/tenant/r%2Falice");
    private readonly string _folder = Directory.CreateTempSubdirectory("nexus-state").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task State_survives_a_restart_of_the_process()
    {
        var written = new GrainState<Policy>(new() { Epoch = 4, Rules = { ["a"] = "b" } });
        await Store().WriteStateAsync("policy", s_room, written);
        var read = new GrainState<Policy>();
        await Store().ReadStateAsync("policy", s_room, read);
        Assert.True(read.RecordExists);
        Assert.Equal(written.ETag, read.ETag);
        Assert.Equal(4, read.State!.Epoch);
        Assert.Equal("b", read.State.Rules["a"]);
    }

    [Fact]
    public async Task What_was_never_written_reads_as_new()
    {
        var read = new GrainState<Policy>();
        await Store().ReadStateAsync("policy", s_room, read);
        Assert.False(read.RecordExists);
        Assert.Null(read.ETag);
        Assert.Equal(0, read.State!.Epoch);
    }

    [Fact]
    public async Task A_write_with_an_old_etag_is_refused()
    {
        var store = Store();
        var mine = new GrainState<Policy>(new());
        await store.WriteStateAsync("policy", s_room, mine);
        var other = new GrainState<Policy>();
        await store.ReadStateAsync("policy", s_room, other);
        await store.WriteStateAsync("policy", s_room, other);
        await Assert.ThrowsAsync<InconsistentStateException>(() => store.WriteStateAsync("policy", s_room, mine));
        await Assert.ThrowsAsync<InconsistentStateException>(() => store.ClearStateAsync("policy", s_room, mine));
    }

    [Fact]
    public async Task Cleared_state_is_gone()
    {
        var state = new GrainState<Policy>(new() { Epoch = 1 });
        await Store().WriteStateAsync("policy", s_room, state);
        await Store().ClearStateAsync("policy", s_room, state);
        Assert.False(state.RecordExists);
        await Store().ReadStateAsync("policy", s_room, state);
        Assert.False(state.RecordExists);
    }

    [Fact]
    public async Task Keys_longer_than_file_names_keep_apart()
    {
        var (a, b) = (GrainId.Create("room", new string('x', 300) + "a"), GrainId.Create("room", new string('x', 300) + "b"));
        await Store().WriteStateAsync("policy", a, new GrainState<Policy>(new() { Epoch = 1 }));
        var read = new GrainState<Policy>();
        await Store().ReadStateAsync("policy", b, read);
        Assert.False(read.RecordExists);
        await Store().ReadStateAsync("policy", a, read);
        Assert.Equal(1, read.State!.Epoch);
    }

    // Each call is a new process, as far as the files can tell.
    private IGrainStorage Store()
        => new EmbeddedCluster().StartSilo("s", silo => silo.AddJsonFileGrainStorage("Default", _folder))
            .Services.GetRequiredKeyedService<IGrainStorage>("Default");
}
