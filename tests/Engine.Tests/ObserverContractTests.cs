using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Nexus.Engine.Tests;

public sealed class ObserverContractTests : EngineTest
{
    private ISpeakerGrain Speaker => Grain<ISpeakerGrain>("s");

    // In any order: Orleans promises none, and was seen to reorder the first few.
    [Fact]
    public async Task All_notifications_arrive_once_and_copied()
    {
        var listener = new Listener();
        await Speaker.Listen(Fabric.Client.CreateObjectReference<IListener>(listener));
        await Speaker.Speak(0, 50);
        var numbers = new List<int>();
        for (var i = 0; i < 50; i++)
        {
            var (number, box) = await listener.Numbers.Reader.ReadAsync();
            numbers.Add(number);
            Assert.Equal("b", box.Text);
            Assert.Equal("", box.Secret);
        }

        Assert.Equal(Enumerable.Range(0, 50), numbers.Order());
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task Void_methods_of_observers_are_called()
    {
        var listener = new Listener();
        await Speaker.Listen(Fabric.Client.CreateObjectReference<IListener>(listener));
        await Speaker.Say("hello");
        Assert.Equal("hello", await listener.Texts.Reader.ReadAsync());
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task One_reference_is_one_listener_and_two_are_two()
    {
        var listener = new Listener();
        var reference = Fabric.Client.CreateObjectReference<IListener>(listener);
        Assert.Equal(1, await Speaker.Listen(reference));
        Assert.Equal(1, await Speaker.Listen(reference));
        Assert.Equal(2, await Speaker.Listen(Fabric.Client.CreateObjectReference<IListener>(listener)));
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task A_deleted_reference_is_silently_skipped()
    {
        var (gone, stays) = (new Listener(), new Listener());
        var reference = Fabric.Client.CreateObjectReference<IListener>(gone);
        await Speaker.Listen(reference);
        await Speaker.Listen(Fabric.Client.CreateObjectReference<IListener>(stays));
        Fabric.Client.DeleteObjectReference<IListener>(reference);
        await Speaker.Speak(7, 1);
        Assert.Equal(7, (await stays.Numbers.Reader.ReadAsync()).Number);
        Assert.False(gone.Numbers.Reader.TryRead(out _));
        GC.KeepAlive(gone);
        GC.KeepAlive(stays);
    }

    [Fact]
    public async Task A_collected_observer_is_silently_skipped()
    {
        await ListenAndForget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await Speaker.Speak(1, 1);
        await Speaker.Say("anybody?");
    }

    [Fact]
    public async Task An_observer_that_throws_disturbs_nobody()
    {
        var listener = new Listener { Throws = true };
        await Speaker.Listen(Fabric.Client.CreateObjectReference<IListener>(listener));
        await Speaker.Speak(0, 3);
        var numbers = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            numbers.Add((await listener.Numbers.Reader.ReadAsync()).Number);
        }

        Assert.Equal([0, 1, 2], numbers.Order());
        GC.KeepAlive(listener);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Task<int> ListenAndForget() => Speaker.Listen(Fabric.Client.CreateObjectReference<IListener>(new Listener()));

    private sealed class Listener : IListener
    {
        public Channel<(int Number, Box Box)> Numbers { get; } = Channel.CreateUnbounded<(int, Box)>();

        public Channel<string> Texts { get; } = Channel.CreateUnbounded<string>();

        public bool Throws { get; init; }

        public Task Heard(int number, Box box)
        {
            Numbers.Writer.TryWrite((number, box));
            return Throws ? Task.FromException(new TestFailureException("an observer fails")) : Task.CompletedTask;
        }

        public void Said(string text) => Texts.Writer.TryWrite(text);
    }
}
