using Nexus.Silo.Storage;
using Orleans.Storage;

namespace Nexus.Silo.Tests.Storage;

[GenerateSerializer]
public sealed class Policy
{
    [Id(0)]
    public long Epoch { get; set; }

    [Id(1)]
    public Dictionary<string, string> Rules { get; set; } = [];
}

public sealed class FileGrainStorageTests : IDisposable
{
    private static readonly GrainId s_room = GrainId.Create("room", "any/tenant/r%2Falice");
    private readonly string _folder = Directory.CreateTempSubdirectory("nexus-state").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task State_survives_a_restart_of_the_process()
    {
        var written = new GrainState<Policy>(new() { Epoch = 4, Rules = { ["a"] = "b" } });
        using (FileGrainStorage store = Store())
        {
            await store.WriteStateAsync("policy", s_room, written);
        }

        using FileGrainStorage next = Store();
        var read = new GrainState<Policy>();
        await next.ReadStateAsync("policy", s_room, read);
        Assert.True(read.RecordExists);
        Assert.Equal(written.ETag, read.ETag);
        Assert.Equal(4, read.State!.Epoch);
        Assert.Equal("b", read.State.Rules["a"]);
    }

    [Fact]
    public async Task What_was_never_written_reads_as_new()
    {
        var read = new GrainState<Policy>();
        using FileGrainStorage store = Store();
        await store.ReadStateAsync("policy", s_room, read);
        Assert.False(read.RecordExists);
        Assert.Null(read.ETag);
        Assert.Equal(0, read.State!.Epoch);
    }

    [Fact]
    public async Task A_write_with_an_old_etag_is_refused()
    {
        using FileGrainStorage store = Store();
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
        using FileGrainStorage store = Store();
        var state = new GrainState<Policy>(new() { Epoch = 1 });
        await store.WriteStateAsync("policy", s_room, state);
        await store.ClearStateAsync("policy", s_room, state);
        Assert.False(state.RecordExists);
        await store.ReadStateAsync("policy", s_room, state);
        Assert.False(state.RecordExists);
    }

    [Fact]
    public async Task Keys_longer_than_file_names_keep_apart()
    {
        using FileGrainStorage store = Store();
        var (a, b) = (GrainId.Create("room", new string('x', 300) + "a"), GrainId.Create("room", new string('x', 300) + "b"));
        await store.WriteStateAsync("policy", a, new GrainState<Policy>(new() { Epoch = 1 }));
        var read = new GrainState<Policy>();
        await store.ReadStateAsync("policy", b, read);
        Assert.False(read.RecordExists);
        await store.ReadStateAsync("policy", a, read);
        Assert.Equal(1, read.State!.Epoch);
    }

    [Fact]
    public async Task A_folder_of_an_earlier_version_opens()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "policy"));
        File.WriteAllText(
            Path.Combine(_folder, "policy", "room%2Fany%2Ftenant%2Fr%252Falice.json"),
            """{ "Etag": "old", "State": { "Epoch": 7, "Rules": { "a": "b" }, "Gone": 1 } }""");
        using FileGrainStorage store = Store();
        var read = new GrainState<Policy>();
        await store.ReadStateAsync("policy", s_room, read);
        Assert.True(read.RecordExists);
        Assert.Equal(("old", 7), (read.ETag, read.State!.Epoch));
    }

    [Fact]
    public async Task What_cannot_be_read_is_refused_by_name()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "policy"));
        File.WriteAllText(Path.Combine(_folder, "policy", "room%2Fany%2Ftenant%2Fr%252Falice.json"), "{");
        Assert.Contains("alice.json", Assert.Throws<IOException>(Store).Message); // at the start

        File.Delete(Path.Combine(_folder, "policy", "room%2Fany%2Ftenant%2Fr%252Falice.json"));
        using FileGrainStorage store = Store();
        File.WriteAllText(Path.Combine(_folder, "policy", "room%2Fany%2Ftenant%2Fr%252Falice.json"), "");
        IOException refused = await Assert.ThrowsAsync<IOException>(() => store.ReadStateAsync("policy", s_room, new GrainState<Policy>()));
        Assert.Contains("alice.json", refused.Message); // and later
    }

    [Fact]
    public void A_folder_that_another_has_in_use_is_refused_by_name()
    {
        using FileGrainStorage store = Store();
        Assert.Contains("in use", Assert.Throws<IOException>(Store).Message);
    }

    // Each call is a new process, as far as the files can tell.
    private FileGrainStorage Store() => new(_folder);
}
